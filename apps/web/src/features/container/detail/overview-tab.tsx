'use client';
import { useTranslations } from 'next-intl';
import type { ReactNode } from 'react';
import facts from '../../../components/facts.module.css';
import { NotMeasured, useFormat } from '../../../components/measure.tsx';
import { Notice } from '../../../components/notice.tsx';
import { Section } from '../../../components/page-head.tsx';
import { ClockTime } from '../../../components/time.tsx';
import { UseBar } from '../../../components/use-bar.tsx';
import { useUse } from '../../live/live-provider.tsx';
import { ContainerStatusMark } from '../container-status.tsx';
import { Charts } from './charts.tsx';
import { useShown } from './container-frame.tsx';
import css from './detail.module.css';
import { PostMortemCard } from './post-mortem-card.tsx';

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function LimitFact({
  used,
  limit,
  text,
  tone,
}: {
  used: number | undefined;
  limit: number | undefined;
  text(value: number): string;
  tone: 'cpu' | 'memory';
}) {
  const t = useTranslations('limits');
  if (limit === undefined) return <span className={facts.soft}>{t('none')}</span>;
  if (used === undefined) return <>{text(limit)}</>;
  return (
    <div className={css.limitRow}>
      <span>{t('usedOf', { used: text(used), limit: text(limit) })}</span>
      <UseBar used={used} limit={limit} tone={tone} label={t('usedOf', { used: text(used), limit: text(limit) })} />
    </div>
  );
}

/** State, limits and identity of a container under its charts. */
export function OverviewTab() {
  const t = useTranslations('overviewTab');
  const l = useTranslations('limits');
  const format = useFormat();
  const { container, detail } = useShown();
  const use = useUse(container.id);
  const { limits } = container;
  const dash = (reason: string) => <NotMeasured reason={reason} />;
  return (
    <>
      {detail !== undefined && detail.drift.length > 0 && (
        <Notice state="attention" title={t('drift.title')}>
          {detail.drift.map((drift) => (
            <p key={drift.subject}>{t('drift.what', { subject: drift.subject, asked: drift.asked, found: drift.found })}</p>
          ))}
        </Notice>
      )}
      <PostMortemCard />
      <Charts />
      <div className={facts.columns}>
        <Section title={t('state')}>
          <dl className={facts.list}>
            <Fact name={t('status')}>
              <ContainerStatusMark container={container} />
            </Fact>
            <Fact name={t('started')}>{container.startedAt ? <ClockTime at={container.startedAt} /> : dash(t('notStarted'))}</Fact>
            <Fact name={t('finished')}>
              {container.finishedAt ? (
                <ClockTime at={container.finishedAt} />
              ) : (
                dash(container.status === 'stopped' ? t('endUnknown') : t('notFinished'))
              )}
            </Fact>
            <Fact name={t('pid')}>{container.pid ? <data value={container.pid}>{container.pid}</data> : dash(t('noProcess'))}</Fact>
            <Fact name={t('pids')}>
              {use?.pids === undefined ? dash(container.status === 'running' ? t('notYet') : t('noProcess')) : format.integer(use.pids)}
            </Fact>
          </dl>
        </Section>
        <Section title={l('title')}>
          <dl className={facts.list}>
            <Fact name={l('memory')}>
              <LimitFact used={use?.memoryBytes} limit={limits.memoryMaxBytes} text={(value) => format.bytes(value).text} tone="memory" />
            </Fact>
            <Fact name={l('cpu')}>
              <LimitFact used={use?.cpuMillis} limit={limits.cpuMaxMillis} text={(value) => format.cores(value).text} tone="cpu" />
            </Fact>
            <Fact name={l('weight')}>
              {limits.cpuWeight === undefined ? <span className={facts.soft}>{l('weightDefault')}</span> : format.integer(limits.cpuWeight)}
            </Fact>
            <Fact name={l('pids')}>
              <LimitFact used={use?.pids} limit={limits.pidsMax} text={(value) => format.integer(value)} tone="cpu" />
            </Fact>
          </dl>
        </Section>
        <Section title={t('identity')}>
          <dl className={facts.list}>
            <Fact name={t('id')}>
              <code>{container.id}</code>
            </Fact>
            {detail && (
              <>
                <Fact name={t('cgroup')}>
                  <code>{detail.cgroupPath}</code>
                </Fact>
                <Fact name={t('ids')}>
                  {t('idMapping', {
                    inside: `${detail.idMapping.containerId}–${detail.idMapping.containerId + detail.idMapping.size - 1}`,
                    outside: `${detail.idMapping.hostId}–${detail.idMapping.hostId + detail.idMapping.size - 1}`,
                  })}
                </Fact>
                <Fact name={t('hostname')}>
                  <code>{detail.spec.hostname ?? detail.name}</code>
                </Fact>
                <Fact name={t('cwd')}>
                  <code>{detail.spec.cwd}</code>
                </Fact>
              </>
            )}
            <Fact name={t('command')}>
              <code>{container.args.join(' ')}</code>
            </Fact>
          </dl>
        </Section>
      </div>
    </>
  );
}
