'use client';
import type { ContainerTrend } from '@bulkhead/api';
import type { CgroupNode, Container } from '@bulkhead/model';
import { useTranslations } from 'next-intl';
import { NotMeasured, useFormat } from '../../components/measure.tsx';
import { Sparkline } from '../../components/sparkline.tsx';
import { UseCell } from '../../components/use-cell.tsx';
import { CgroupCpu, CgroupMemory, CgroupTrend } from '../cgroup/cgroup-cells.tsx';
import type { useMissing } from '../cgroup/use-missing.ts';
import { useUse } from '../live/live-provider.tsx';

const notRunning = (container: Pick<Container, 'status'>): boolean => container.status !== 'running';

const nowOf = {
  cpu: { used: 'cpuMillis', limit: 'cpuMaxMillis', of: 'cpuOfLimit', format: 'cores' },
  memory: { used: 'memoryBytes', limit: 'memoryMaxBytes', of: 'memoryOfLimit', format: 'bytes' },
} as const;

/** What is in use now, against the limit where there is one. */
export function UseNow({ container, tone }: { container: Container; tone: 'cpu' | 'memory' }) {
  const t = useTranslations('container');
  const u = useTranslations('use');
  const format = useFormat();
  const use = useUse(container.id);
  const field = nowOf[tone];
  if (notRunning(container)) return <NotMeasured reason={t('missing.notRunning')} />;
  return (
    <UseCell
      used={use?.[field.used]}
      limit={container.limits[field.limit]}
      tone={tone}
      format={format[field.format]}
      label={(limit) => u(field.of, { limit })}
      missing={t('missing.notYet')}
    />
  );
}

/** Processes and threads in it now. */
export function PidsNow({ container }: { container: Container }) {
  const t = useTranslations('container');
  const format = useFormat();
  const use = useUse(container.id);
  if (use?.pids !== undefined) return format.integer(use.pids);
  return <NotMeasured reason={notRunning(container) ? t('missing.notRunning') : t('missing.notYet')} />;
}

export function TrendCell({ container, trend, tone }: { container: Container; trend: ContainerTrend | undefined; tone: 'cpu' | 'memory' }) {
  const t = useTranslations('container');
  if (trend === undefined) return null;
  const values = tone === 'cpu' ? trend.cpuMillis : trend.memoryBytes;
  const ceiling = tone === 'cpu' ? container.limits.cpuMaxMillis : container.limits.memoryMaxBytes;
  return <Sparkline values={values} ceiling={ceiling} tone={tone} label={tone === 'cpu' ? t('cpuTrend') : t('memoryTrend')} />;
}

interface ForeignProps {
  /** Its own cgroup as the tree has it. */
  node: CgroupNode | undefined;
  /** True where it has one at all. */
  hasCgroup: boolean;
  missing: ReturnType<typeof useMissing>;
}

/** The same of a workload that is not ours, from the cgroup it lives in. */
export function ForeignUse({ node, hasCgroup, missing, tone }: ForeignProps & { tone: 'cpu' | 'memory' }) {
  const t = useTranslations('container');
  if (!hasCgroup) return <NotMeasured reason={t('missing.noCgroup')} />;
  if (node === undefined) return <NotMeasured reason={t('missing.notYet')} />;
  return tone === 'cpu' ? <CgroupCpu node={node} missing={missing} /> : <CgroupMemory node={node} missing={missing} />;
}

export function ForeignTrend({ node, tone }: { node: CgroupNode | undefined; tone: 'cpu' | 'memory' }) {
  if (node === undefined) return null;
  const limit = tone === 'cpu' ? node.limits.cpuMaxMillis : node.limits.memoryMaxBytes;
  return <CgroupTrend path={node.path} tone={tone} ceiling={typeof limit === 'number' ? limit : undefined} />;
}
