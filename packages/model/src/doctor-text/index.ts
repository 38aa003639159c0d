/** The doctor's words: one catalogue a language, shared by command line and dashboard. */
export { type DoctorCheckId, type DoctorLanguage, type DoctorTextCode, doctorText, doctorTitle, tellDoctor } from './tell.ts';
