/** Rolls up what a host has, step by step, until nothing is left or it is killed. */
import { createDatabase, rollUpDay, rollUpHour } from '../src/index.ts';

const [url = '', hostId = '', before = ''] = process.argv.slice(2);
const database = createDatabase(url, { applicationName: 'roll-up', maxConnections: 1 });
process.stdout.write('begun\n');
for (const step of [rollUpHour, rollUpDay]) while (!(await step(database, hostId, new Date(before))).finished);
await database.close();
process.stdout.write('finished\n');
