import type { Command } from 'commander';
import { stateDirectoryOf } from '../state-directory.ts';

const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];
const file = ['<file>', 'JSON: planId, name, currency, effectiveFrom, prices, fees; - reads it from standard input'] as const;

/** Commands on price plans. For root: the control plane's local socket is open to nobody else. */
export function addPlanCommands(program: Command): void {
  const plan = program.command('plan').summary('price plans: ls, show, create, add-version, withdraw, preview, assign, unassign');
  plan
    .command('ls')
    .summary('lists price plans')
    .option('--json', 'prints JSON')
    .action(async (options, command: Command) => {
      const { listPlans } = await import('./plan.ts');
      await listPlans(stateDirectoryOf(command), options);
    });
  plan
    .command('show')
    .summary('shows every version of a plan')
    .argument('<plan>')
    .option('--json', 'prints JSON')
    .action(async (planId: string, options, command: Command) => {
      const { showPlan } = await import('./plan.ts');
      await showPlan(stateDirectoryOf(command), planId, options);
    });
  for (const [verb, isNew, summary] of [
    ['create', true, 'makes a plan: its first version'],
    ['add-version', false, 'adds a version that is in force from a moment to come; versions in force never change'],
  ] as const)
    plan
      .command(verb)
      .summary(summary)
      .argument(...file)
      .option('--json', 'prints JSON')
      .action(async (path: string, options, command: Command) => {
        const { addPlanVersion } = await import('./plan.ts');
        await addPlanVersion(stateDirectoryOf(command), path, { ...options, isNew });
      });
  plan
    .command('withdraw')
    .summary('takes back the last version, which is not in force yet')
    .argument('<plan>')
    .argument('<version>')
    .action(async (planId: string, version: string, _options, command: Command) => {
      const { withdrawPlanVersion } = await import('./plan.ts');
      await withdrawPlanVersion(stateDirectoryOf(command), planId, version);
    });
  plan
    .command('preview')
    .summary('a worked example: what quantities would cost in a month')
    .argument(...file)
    .option('--use <meter=quantity>', 'in pricing units, once a meter: --use cpu-used=120 --use memory-used=500', collect)
    .option('--month <month>', 'a month such as 2026-03')
    .option('--zone <zone>', 'its time zone')
    .option('--json', 'prints JSON')
    .action(async (path: string, options, command: Command) => {
      const { previewPlan } = await import('./plan.ts');
      await previewPlan(stateDirectoryOf(command), path, options);
    });
  plan
    .command('assign')
    .summary('charges a tenant by a plan from a moment on')
    .argument('<plan>')
    .requiredOption('--tenant <tenant>', 'whom')
    .requiredOption('--from <time>', "a month of the tenant's zone, 2026-03, or a whole second")
    .option('--json', 'prints JSON')
    .action(async (planId: string, options, command: Command) => {
      const { assignPlan } = await import('./plan.ts');
      await assignPlan(stateDirectoryOf(command), planId, options);
    });
  plan
    .command('unassign')
    .summary('charges a tenant by no plan from a moment on')
    .requiredOption('--tenant <tenant>', 'whom')
    .requiredOption('--at <time>', "a month of the tenant's zone, 2026-03, or a whole second")
    .option('--json', 'prints JSON')
    .action(async (options, command: Command) => {
      const { unassignPlan } = await import('./plan.ts');
      await unassignPlan(stateDirectoryOf(command), options);
    });
}

/** Commands on credits. */
export function addCreditCommands(program: Command): void {
  const credit = program.command('credit').summary("tenants' credits: ls, grant");
  credit
    .command('ls')
    .summary('lists what credits have left, and with --json every entry of their ledger')
    .requiredOption('--tenant <tenant>', 'whose')
    .option('--json', 'prints JSON')
    .action(async (options, command: Command) => {
      const { listCredits } = await import('./credit.ts');
      await listCredits(stateDirectoryOf(command), options);
    });
  credit
    .command('grant')
    .summary('grants a credit; it pays for charges before tax until it is used up or expires')
    .argument('<amount>', 'such as 25.00')
    .requiredOption('--tenant <tenant>', 'whom')
    .requiredOption('--reason <text>', 'as the invoice will say')
    .option('--from <time>', 'pays for periods that end after this; by default from now on')
    .option('--expires <time>', 'pays for periods that begin before this')
    .option('--meter <meter>', 'pays for this meter alone; may be given more than once', collect)
    .option('--json', 'prints JSON')
    .action(async (amount: string, options, command: Command) => {
      const { grantCredit } = await import('./credit.ts');
      await grantCredit(stateDirectoryOf(command), amount, options);
    });
}
