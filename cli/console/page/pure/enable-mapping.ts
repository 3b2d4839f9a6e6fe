/** Reads the address of the local cloud from the file that `freshet up` writes into its folder. */
const LOCAL_ENDPOINT = ` --endpoint-url "$(node -p "require('./.freshet/local.json').url")"`;

/** The commands that look up the event source mapping of a function and enable it. The second one needs its UUID. */
export function enableMappingCommands(functionName: string, isLocal: boolean): readonly string[] {
  const where = isLocal ? LOCAL_ENDPOINT : '';
  return [
    `aws lambda list-event-source-mappings --function-name ${functionName}${where}`,
    `aws lambda update-event-source-mapping --uuid ID --enabled${where}`,
  ];
}
