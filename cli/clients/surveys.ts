import { createSurveyNotes } from 'freshet-aws/internal/adapters/adopt/surveying';
import { invokeLater } from 'freshet-aws/internal/adapters/aws/lambda-client';
import type { DeployedOwner } from 'freshet-aws/internal/adapters/aws/stack-output';
import { type RequestedSurvey, SURVEY_REQUEST } from 'freshet-aws/internal/core/adopt/begin-survey';
import type { SurveyNote } from 'freshet-aws/internal/core/adopt/survey-note';
import * as z from 'zod/mini';
import type { Clients } from '../deployment/clients.ts';
import { askFunction, FunctionFailed } from './invoke.ts';

/** The surveys of the existing table that an owner adopts. */
export interface Surveys {
  /** Begins a survey, or finds the one that is under way. @throws FunctionFailed if the surveyor fails */
  begin(): Promise<RequestedSurvey>;
  /** How far the surveys are; undefined before the first one. */
  note(): Promise<SurveyNote | undefined>;
}

const requested = z.object({ startedAtMs: z.number(), isNew: z.boolean() });

/** Opens the surveys of an owner; undefined if it adopts no table. */
export function openSurveys(
  clients: Clients,
  { boundary, surveyor, flowTable }: Pick<DeployedOwner, 'boundary' | 'surveyor' | 'flowTable'>,
): Surveys | undefined {
  if (surveyor === undefined) return undefined;
  return {
    async begin() {
      const answer = await askFunction(clients.functions, surveyor, SURVEY_REQUEST, requested);
      if (answer.kind === 'failed') throw new FunctionFailed('surveyor', boundary, answer.message);
      // The next run of its schedule would begin the work too, up to a minute later.
      await invokeLater(clients.functions, surveyor, {});
      return answer.value;
    },
    note: () => createSurveyNotes(clients.tables, flowTable).read(boundary),
  };
}
