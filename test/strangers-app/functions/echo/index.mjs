/** Answers with the environment variable that the event names. */
export const handler = async ({ name }) => process.env[name] ?? 'none';
