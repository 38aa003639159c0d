import { ContainerSpec, type ContainerSpecInput, Problem } from '@bulkhead/model';
import { nameOptions } from '../../failure.ts';

/** Holds what was typed against the schema before anything is sent, so that a slip is told beside its option. */
export function checkContainerSpec(spec: ContainerSpecInput): void {
  const parsed = ContainerSpec.safeParse(spec);
  if (parsed.success) return;
  const problems = parsed.error.issues.map((issue) => nameOptions(`${issue.path.join('.')}: ${issue.message}`));
  throw new Problem('invalid', [...new Set(problems)].join('; '));
}
