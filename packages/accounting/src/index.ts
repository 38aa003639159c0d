/** Readings to usage, prices, invoices and their proof. Pure: no I/O, no clock, no floating point. */
export * from './usage.ts';
