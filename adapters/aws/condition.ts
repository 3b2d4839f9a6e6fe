import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';

/** Whether the table took a conditional write: false where its condition failed, which is an answer. Any other failure is thrown. */
export async function isTaken(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}
