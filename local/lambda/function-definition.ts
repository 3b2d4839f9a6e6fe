/** A function to run. */
export interface FunctionDefinition {
  readonly name: string;
  /** Folder of the bundle. */
  readonly codeDir: string;
  /** File and export, for example `index.handler`. */
  readonly handler: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  /** Name of the log group of the function's lines. @default - `/aws/lambda/` and the function's name */
  readonly logGroup?: string;
  /**
   * The maximum number of execution environments; further invocations wait in line. @default - the host's `concurrency`
   */
  readonly concurrency?: number;
}

export function logGroupOf({ name, logGroup }: Pick<FunctionDefinition, 'name' | 'logGroup'>): string {
  return logGroup ?? `/aws/lambda/${name}`;
}
