/** Put in by the build from the root package.json; absent when run from source (tests). */
declare const BULKHEAD_VERSION: string | undefined;

export const version: string = typeof BULKHEAD_VERSION === 'string' ? BULKHEAD_VERSION : '0.0.0';
