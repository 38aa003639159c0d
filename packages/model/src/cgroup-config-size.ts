/** Characters of a cgconfig.conf, at most. By itself, so that a page that needs no schema loads none. */
export const longestCgroupConfig = 512 * 1024;
