'use client';
import type { CgroupPlanned } from '@bulkhead/api';
import type { CgroupOwnership, CgroupPlan } from '@bulkhead/model';
import { useTranslations } from 'next-intl';
import { CopyText } from '../../../components/copy-text.tsx';
import { MakerMark } from '../../../components/maker-badge.tsx';
import { Notice } from '../../../components/notice.tsx';
import { asSentence } from '../../../components/trouble-notice.tsx';
import { useCgroupWords } from '../use-cgroup-words.ts';
import css from './act.module.css';

/** What stands in a kernel file, in a line or below each other. */
function Held({ text }: { text: string | undefined }) {
  const t = useTranslations('cgroupAct');
  if (text === undefined) return <span className={css.soft}>{t('notRead')}</span>;
  if (text === '') return <span className={css.soft}>{t('emptyFile')}</span>;
  return <code className={css.held}>{text}</code>;
}

function Steps({ steps }: { steps: CgroupPlan['steps'] }) {
  const t = useTranslations('cgroupAct');
  if (steps.length === 0) return <p className={css.soft}>{t('noSteps')}</p>;
  return (
    <ol className={css.steps} aria-label={t('steps')}>
      {steps.map(({ file, before, after }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: one file may be written several times, in order
        <li key={index} data-step={file}>
          <code className={css.file}>{file}</code>
          <span className={css.change}>
            <span className="visually-hidden">{t('before')} </span>
            <Held text={before} />
            <span aria-hidden="true">→</span>
            <span className="visually-hidden">{t('after')} </span>
            <Held text={after} />
          </span>
        </li>
      ))}
    </ol>
  );
}

/** @param isSetting only values are written again by an owner */
function Owner({ ownership, isSetting }: { ownership: CgroupOwnership; isSetting: boolean }) {
  const t = useTranslations('cgroupAct');
  const words = useCgroupWords();
  const { maker, command, overwritten, overwrittenTold, unknownToOwner } = ownership;
  const unowned = maker.runtime === 'plain' || maker.runtime === 'kernel';
  return (
    <dl className={css.owner}>
      <div>
        <dt>{t('owner')}</dt>
        <dd>{unowned ? <span>{t(`unowned.${maker.runtime === 'kernel' ? 'kernel' : 'plain'}`)}</span> : <MakerMark maker={maker} />}</dd>
      </div>
      {command !== undefined && (
        <div>
          <dt>{t('command')}</dt>
          <dd className={css.command}>
            <code data-owner-command>{command}</code>
            <CopyText value={command} />
          </dd>
        </div>
      )}
      {unknownToOwner.length > 0 && (
        <div>
          <dt>{t('noWords')}</dt>
          <dd>
            <code>{unknownToOwner.join(' ')}</code>
          </dd>
        </div>
      )}
      {isSetting && overwritten !== undefined && (
        <div>
          <dt>{t('overwritten')}</dt>
          <dd>{words.tell(overwritten, overwrittenTold)}</dd>
        </div>
      )}
    </dl>
  );
}

/** What the dry run tells: what is written, whose the group is, and what stands against it. */
export function PlanView({ verb, planned }: { verb: string; planned: CgroupPlanned }) {
  const t = useTranslations('cgroupAct');
  const words = useCgroupWords();
  const { plan, ownership, refusal, refusalTold } = planned;
  const warnings = words.tellAll(plan.warnings, plan.warningsTold);
  const protections = words.tellAll(ownership.protections, ownership.protectionsTold);
  return (
    <div className={css.plan} data-plan={refusal === undefined ? 'allowed' : 'refused'}>
      {verb === 'set' && <Steps steps={plan.steps} />}
      <Owner ownership={ownership} isSetting={verb === 'set'} />
      {warnings.length > 0 && (
        <Notice state="attention" title={t('warnings')}>
          {warnings.map((warning) => (
            <p key={warning}>{warning}</p>
          ))}
        </Notice>
      )}
      {refusal !== undefined && (
        <Notice state="bad" title={protections.length > 0 ? t('protected') : t('refused')}>
          {protections.length > 0 ? (
            protections.map((protection) => <p key={protection}>{protection}</p>)
          ) : (
            <p>{asSentence(words.tell(refusal, refusalTold?.what))}</p>
          )}
          {refusalTold?.remedy !== undefined && <p>{asSentence(words.tell('', refusalTold.remedy))}</p>}
        </Notice>
      )}
    </div>
  );
}
