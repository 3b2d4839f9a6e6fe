import type { Emitter } from '../core/metrics.ts';
import type { ProjectSettings } from '../core/project/ports.ts';

/** Returns an environment variable that the construct sets. A function without it fails when it starts. */
export function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') {
    throw new Error(`environment variable ${name}: not set. The construct that deploys the function must set it.`);
  }
  return value;
}

/** Returns what emits the function's metrics: a name in the function's stack. */
export function emitter(name: string): Emitter {
  return { name, stack: required('STACK_NAME') };
}

/** Returns the projector's settings, which the construct sets. */
export function projectSettings(): ProjectSettings {
  return {
    tombstoneLifeSeconds: Number(required('TOMBSTONE_LIFE_SECONDS')),
    maxEventAgeSeconds: Number(required('MAX_EVENT_AGE_SECONDS')),
    budget: { attempts: Number(required('RETRY_ATTEMPTS')), ageSeconds: Number(required('RETRY_AGE_SECONDS')) },
    newerSchemaWaitSeconds: Number(required('NEWER_SCHEMA_WAIT_SECONDS')),
  };
}

/** Returns the time between two inventories of a cache, in milliseconds; undefined: only on request. */
export function checkEveryMs(): number | undefined {
  const seconds = Number(required('CHECK_EVERY_SECONDS'));
  return seconds === 0 ? undefined : seconds * 1000;
}
