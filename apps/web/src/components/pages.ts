/** Pages of the navigation, in its order. Those of the whole host are for administrators. */
const pages = [
  { href: '/', key: 'overview', administrators: false },
  { href: '/containers', key: 'containers', administrators: false },
  { href: '/namespaces', key: 'namespaces', administrators: false },
  { href: '/cgroups', key: 'cgroups', administrators: true },
  { href: '/labs', key: 'labs', administrators: true },
  { href: '/usage', key: 'usage', administrators: false },
  { href: '/plans', key: 'plans', administrators: false },
  { href: '/invoices', key: 'invoices', administrators: false },
  { href: '/events', key: 'events', administrators: false },
  { href: '/health', key: 'health', administrators: true },
] as const;

export type PageKey = (typeof pages)[number]['key'];

export const pagesOf = (administrator: boolean) => pages.filter(({ administrators }) => administrator || !administrators);
