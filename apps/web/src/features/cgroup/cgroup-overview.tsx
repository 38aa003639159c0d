'use client';
import type { CgroupNode } from '@bulkhead/model';
import { useTranslations } from 'next-intl';
import type { ReactNode } from 'react';
import facts from '../../components/facts.module.css';
import { Link } from '../../components/link.tsx';
import { RuntimeBadge } from '../../components/maker-badge.tsx';
import { NotMeasured, useFormat } from '../../components/measure.tsx';
import { Section } from '../../components/page-head.tsx';
import { workloadHref } from '../namespace/namespaces-url.ts';
import { useInventory } from '../namespace/use-inventory.ts';
import { CgroupCount } from './cgroup-cells.tsx';
import css from './cgroups.module.css';
import { tabHref } from './cgroups-url.ts';
import { parentOf } from './rows.ts';
import type { Tree } from './tree-store.ts';

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Limits({ node }: { node: CgroupNode }) {
  const t = useTranslations('cgroupPage');
  const l = useTranslations('limits');
  const format = useFormat();
  const { limits } = node;
  const told = (value: number | 'max' | undefined, text: (value: number) => string) =>
    value === undefined ? (
      <NotMeasured reason={t('limitUnknown')} />
    ) : value === 'max' ? (
      <span className={css.soft}>{l('none')}</span>
    ) : (
      text(value)
    );
  return (
    <dl className={facts.list}>
      <Fact name={l('cpu')}>{told(limits.cpuMaxMillis, (value) => format.cores(value).text)}</Fact>
      <Fact name={l('weight')}>{told(limits.cpuWeight, format.integer)}</Fact>
      <Fact name={l('memory')}>{told(limits.memoryMaxBytes, (value) => format.bytes(value).text)}</Fact>
      <Fact name={t('memoryHigh')}>{told(limits.memoryHighBytes, (value) => format.bytes(value).text)}</Fact>
      <Fact name={l('pids')}>{told(limits.pidsMax, format.integer)}</Fact>
    </dl>
  );
}

/** What a cgroup is, its limits, and who lives in it. */
export function CgroupFacts({ node, tree }: { node: CgroupNode; tree: Tree }) {
  const t = useTranslations('cgroupPage');
  const { path } = node;
  const { workloads } = useInventory();
  const below = [...(tree.cgroups?.keys() ?? [])].filter((other) => parentOf(other) === path).length;
  const living = [...workloads.values()].filter(
    ({ cgroupPath }) => path === '/' || cgroupPath === path || cgroupPath.startsWith(`${path}/`),
  );
  return (
    <div className={facts.columns}>
      <Section title={t('facts')}>
        <dl className={facts.list}>
          <Fact name={t('path')}>
            <code>{path}</code>
          </Fact>
          <Fact name={t('controllers')}>
            {node.controllers.length === 0 ? <span className={css.soft}>{t('noControllers')}</span> : node.controllers.join(' ')}
          </Fact>
          <Fact name={t('processes')}>
            {node.processes === undefined ? <NotMeasured reason={t('processesUnknown')} /> : node.processes}
          </Fact>
          <Fact name={t('below')}>
            {below === 0 ? (
              <span className={css.soft}>{t('noneBelow')}</span>
            ) : (
              <Link className={facts.link} href={`/cgroups?q=${encodeURIComponent(path)}`}>
                {t('belowCount', { count: below })}
              </Link>
            )}
          </Fact>
          <Fact name={t('oomKills')}>
            <CgroupCount node={node} kind="oomKills" />
          </Fact>
          <Fact name={t('pidsRefusals')}>
            <CgroupCount node={node} kind="pidsRefusals" />
          </Fact>
        </dl>
      </Section>
      <Section title={t('limits')} aside={<Link href={tabHref(path, 'settings')}>{t('change')}</Link>}>
        <Limits node={node} />
      </Section>
      <Section title={t('living')} aside={t('livingCount', { count: living.length })}>
        {living.length === 0 ? (
          <p className={css.soft}>{t('nobody')}</p>
        ) : (
          <ul className={facts.plain}>
            {living.slice(0, 12).map((workload) => (
              <li key={workload.id}>
                <Link className={facts.link} href={workloadHref(workload)}>
                  {workload.maker.name}
                </Link>{' '}
                <RuntimeBadge runtime={workload.maker.runtime} />
              </li>
            ))}
            {living.length > 12 && <li className={css.soft}>{t('livingMore', { count: living.length - 12 })}</li>}
          </ul>
        )}
      </Section>
    </div>
  );
}
