import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';

/** Returns whether a conditional write succeeded: false if its condition failed. Throws any other error. */
export async function isTaken(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}
