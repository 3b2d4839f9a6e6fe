/** A row as a driver of PostgreSQL returns it: JSON has any type. */
interface Row {
  readonly id: string;
  readonly version: string;
  readonly state: any;
  readonly schema_version: number;
  readonly changed_at: Date;
}

export declare const db: {
  query(text: string, values: readonly unknown[]): Promise<{ readonly rows: readonly Row[] }>;
};
