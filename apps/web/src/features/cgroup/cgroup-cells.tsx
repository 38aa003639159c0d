'use client';
import type { CgroupNode } from '@bulkhead/model';
import { useTranslations } from 'next-intl';
import { Measure, NotMeasured, useFormat } from '../../components/measure.tsx';
import { Sparkline } from '../../components/sparkline.tsx';
import { UseCell } from '../../components/use-cell.tsx';
import css from './cgroups.module.css';
import { heatOf, ioOf, worstPressure } from './pressure.ts';
import { trendOf } from './samples.ts';
import type { useMissing } from './use-missing.ts';
import { useCgroupSamples } from './use-samples.ts';
import { useCgroupUse } from './use-tree.ts';

interface Props {
  node: CgroupNode;
  missing: ReturnType<typeof useMissing>;
}

const heat = (share: number | undefined) => (share === undefined ? undefined : heatOf(share));

export function CgroupCpu({ node, missing }: Props) {
  const t = useTranslations('use');
  const format = useFormat();
  const use = useCgroupUse(node.path);
  return (
    <UseCell
      used={use?.cpuMillis}
      limit={node.limits.cpuMaxMillis}
      heat={heat(use?.pressure?.cpuSome)}
      tone="cpu"
      format={format.cores}
      label={(limit) => t('cpuOfLimit', { limit })}
      missing={missing(node, 'cpu')}
    />
  );
}

export function CgroupMemory({ node, missing }: Props) {
  const t = useTranslations('use');
  const format = useFormat();
  const use = useCgroupUse(node.path);
  return (
    <UseCell
      used={use?.memoryBytes}
      limit={node.limits.memoryMaxBytes}
      reserved={node.limits.memoryHighBytes}
      heat={heat(use?.pressure?.memorySome)}
      tone="memory"
      format={format.bytes}
      label={(limit) => t('memoryOfLimit', { limit })}
      missing={missing(node, 'memory')}
    />
  );
}

export function CgroupPids({ node, missing }: Props) {
  const t = useTranslations('use');
  const format = useFormat();
  const use = useCgroupUse(node.path);
  return (
    <UseCell
      used={use?.pids}
      limit={node.limits.pidsMax}
      tone="cpu"
      format={(value) => ({ text: format.integer(value), exact: format.integer(value) })}
      label={(limit) => t('pidsOfLimit', { limit })}
      missing={missing(node, 'pids')}
    />
  );
}

/** Bytes read and written per second. */
export function CgroupIo({ node, missing }: Props) {
  const t = useTranslations('use');
  const format = useFormat();
  const use = useCgroupUse(node.path);
  if (use === undefined || ioOf(use) === undefined) return <NotMeasured reason={missing(node, 'io')} />;
  const part = (key: 'read' | 'written', value: number | undefined) =>
    value !== undefined && (
      <span className={css.ioPart}>
        <span className={css.ioWord}>{t(key)}</span> <Measure quantity={format.bytesPerSecond(value)} />
      </span>
    );
  return (
    <span className={css.io}>
      {part('read', use.ioReadBytesPerSecond)}
      {part('written', use.ioWriteBytesPerSecond)}
    </span>
  );
}

export function CgroupThrottled({ node, missing }: Props) {
  const t = useTranslations('cgroup');
  const format = useFormat();
  const use = useCgroupUse(node.path);
  if (use?.throttled !== undefined)
    return (
      <span className={use.throttled >= 0.25 ? css.throttled : undefined} title={t('throttledWhat')}>
        {format.percent(use.throttled)}
      </span>
    );
  const { cpuMaxMillis } = node.limits;
  return <NotMeasured reason={cpuMaxMillis === 'max' || cpuMaxMillis === undefined ? t('missing.noQuota') : missing(node, 'cpu')} />;
}

/** Where its tasks wait most, as heat and in words. */
export function CgroupHeat({ node, missing }: Props) {
  const t = useTranslations('cgroup');
  const format = useFormat();
  const use = useCgroupUse(node.path);
  const worst = worstPressure(use?.pressure);
  if (worst === undefined) return <NotMeasured reason={missing(node, 'pressure')} />;
  const level = heatOf(worst.share);
  return (
    <span className={css.pressure} data-heat={level} title={t(`pressureWhat.${worst.kind}`, { resource: t(`resource.${worst.resource}`) })}>
      <span className={css.pressureText}>
        {level === 0 ? t('noPressure') : `${t(`resource.${worst.resource}`)} ${format.percent(worst.share)}`}
      </span>
      <span className={css.pressureStrip} />
    </span>
  );
}

/** Kills and refusals since the group was made: none, or a number that somebody should look at. */
export function CgroupCount({ node, kind }: { node: CgroupNode; kind: 'oomKills' | 'pidsRefusals' }) {
  const t = useTranslations('cgroup');
  const format = useFormat();
  const isKills = kind === 'oomKills';
  const count = node[kind];
  if (count !== undefined)
    return (
      <span className={count > 0 ? css.throttled : css.soft} title={isKills ? t('oomKillsWhat') : t('pidsRefusalsWhat')}>
        {format.integer(count)}
      </span>
    );
  const controller = isKills ? ('memory' as const) : ('pids' as const);
  if (node.path === '/') return <NotMeasured reason={t('countMissing.root')} />;
  if (node.controllers.includes(controller)) return <NotMeasured reason={t('countMissing.notYet')} />;
  return <NotMeasured reason={t('countMissing.noController', { controller })} />;
}

const trendEveryMsec = 5_000;

/** The last 15 minutes of a cgroup as a line. */
export function CgroupTrend({ path, tone, ceiling }: { path: string; tone: 'cpu' | 'memory'; ceiling?: number | undefined }) {
  const t = useTranslations('container');
  const { samples } = useCgroupSamples(path, trendEveryMsec);
  const last = samples.at(-1);
  if (last === undefined) return null;
  const values = trendOf(samples, (use) => (tone === 'cpu' ? use.cpuMillis : use.memoryBytes), last.atMsec);
  return <Sparkline values={values} ceiling={ceiling} tone={tone} label={tone === 'cpu' ? t('cpuTrend') : t('memoryTrend')} />;
}
