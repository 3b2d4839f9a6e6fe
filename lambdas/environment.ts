import type { ProjectSettings } from '../core/project/ports.ts';

/** A variable that the construct sets; a function without it is deployed wrongly and fails when it starts. */
export function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`environment variable ${name} is not set`);
  return value;
}

/** What a construct deployed the projector's rules with. */
export function projectSettings(): ProjectSettings {
  return {
    tombstoneLifeSeconds: Number(required('TOMBSTONE_LIFE_SECONDS')),
    maxEventAgeSeconds: Number(required('MAX_EVENT_AGE_SECONDS')),
    budget: { attempts: Number(required('RETRY_ATTEMPTS')), ageSeconds: Number(required('RETRY_AGE_SECONDS')) },
  };
}
