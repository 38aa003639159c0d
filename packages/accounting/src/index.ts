/** Readings to usage. Pure: no I/O, no clock, no floating point. */
export * from './usage.ts';
