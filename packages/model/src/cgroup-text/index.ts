/** Words of control groups: one catalogue a language, shared by agent, command line and dashboard. */

export { formulaWords, settingElsewhere, settingMeaning } from './setting-words.ts';
export { type CgroupText, type CgroupTextCode, cgroupProblem, cgroupText, tellCgroup } from './tell.ts';
