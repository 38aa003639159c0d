import {
  IconActivity,
  IconBox,
  IconChartBar,
  IconDoor,
  IconFlask,
  IconGauge,
  IconReceipt,
  IconSitemap,
  IconStethoscope,
  IconTag,
} from '@tabler/icons-react';
import type { PageKey } from './pages.ts';

export const pageIcons = {
  overview: IconGauge,
  containers: IconBox,
  namespaces: IconDoor,
  cgroups: IconSitemap,
  labs: IconFlask,
  usage: IconChartBar,
  plans: IconTag,
  invoices: IconReceipt,
  events: IconActivity,
  health: IconStethoscope,
} as const satisfies Record<PageKey, unknown>;
