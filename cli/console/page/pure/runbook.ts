/** The address of the runbook in an alarm's description; undefined if it has none that a browser may safely open. */
export function runbookLink(description: string): string | undefined {
  const [, address] = /Runbook: (\S+)$/.exec(description) ?? [];
  return address?.startsWith('https://') && URL.canParse(address) ? address : undefined;
}
