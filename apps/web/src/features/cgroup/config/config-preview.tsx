'use client';
import type { CgroupConfigGroup, CgroupConfigPreview, CgroupConfigSide } from '@bulkhead/model';
import { useTranslations } from 'next-intl';
import { Notice } from '../../../components/notice.tsx';
import css from './config.module.css';
import { ConfigNotes } from './config-note.tsx';
import { Steps } from './steps.tsx';

type Permissions = NonNullable<CgroupConfigGroup['permissions']>;

function Owners({ permissions }: { permissions: Permissions }) {
  const t = useTranslations('cgconfig');
  const owner = ({ uid = 0, gid = 0, fperm, dperm }: Permissions['admin']) =>
    [
      `${uid}:${gid}`,
      fperm === undefined ? '' : t('filesMode', { mode: fperm }),
      dperm === undefined ? '' : t('directoryMode', { mode: dperm }),
    ]
      .filter(Boolean)
      .join(', ');
  return (
    <>
      <dt>{t('ownerOfTasks')}</dt>
      <dd>{owner(permissions.task)}</dd>
      <dt>{t('ownerOfLimits')}</dt>
      <dd>{owner(permissions.admin)}</dd>
    </>
  );
}

function Group({ group }: { group: CgroupConfigGroup }) {
  const t = useTranslations('cgconfig');
  const { path, controllers, writes, same, permissions, notes, missing, here } = group;
  return (
    <li className={css.group} data-group={path}>
      <h4>
        <code>{path}</code> <span className={css.soft}>{controllers.join(' ')}</span>
        {here && <span className={css.soft}> · {missing.length > 0 ? t('new') : t('present')}</span>}
      </h4>
      <dl className={css.values}>
        {writes.map(({ file, value, before, formula }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: one file may be written several times, in order
          <div key={index} data-file={file}>
            <dt>
              <code>{file}</code>
            </dt>
            <dd>
              <code>{value}</code>
              {before !== undefined && <span className={css.soft}> {t('before', { value: before })}</span>}
              {formula !== undefined && <span className={css.formula}>{formula}</span>}
            </dd>
          </div>
        ))}
        {same.map(({ file, value }) => (
          <div key={file}>
            <dt>
              <code>{file}</code>
            </dt>
            <dd>
              <code>{value}</code> <span className={css.soft}>{t('same')}</span>
            </dd>
          </div>
        ))}
        {permissions !== undefined && (
          <div>
            <Owners permissions={permissions} />
          </div>
        )}
      </dl>
      <ConfigNotes notes={notes.filter(({ code }) => code !== 'approximate')} />
    </li>
  );
}

function Side({ version, side }: { version: 'v1' | 'v2'; side: CgroupConfigSide }) {
  const t = useTranslations('cgconfig');
  return (
    <section className={css.side} data-side={version} aria-label={t(version)}>
      <h3>
        {t(version)}
        {side.groups.some(({ here }) => here) && <span className={css.here}>{t('thisHost')}</span>}
      </h3>
      {side.groups.length === 0 ? (
        <p className={css.soft}>{t('noGroups')}</p>
      ) : (
        <ul className={css.groups}>
          {side.groups.map((group) => (
            <Group key={`${group.path} ${String(group.here)}`} group={group} />
          ))}
        </ul>
      )}
      {/* How the words of one version become those of the other is the same for every group. */}
      <ConfigNotes notes={side.groups.flatMap((group) => group.notes.filter(({ code }) => code === 'approximate'))} />
    </section>
  );
}

/** What a text is on both versions, side by side, and what it would do on this host. */
export function ConfigPreview({ preview }: { preview: CgroupConfigPreview }) {
  const t = useTranslations('cgconfig');
  const { v1, v2, notes, templates, steps, foreign, refusals, obsolete, faults } = preview;
  if (v1 === undefined || v2 === undefined) return null;
  return (
    <div className={css.preview}>
      <div className={css.sides}>
        <Side version="v1" side={v1} />
        <Side version="v2" side={v2} />
      </div>
      <ConfigNotes notes={notes} />
      {templates.length > 0 && (
        <p className={css.soft}>
          {t('templates')} <code>{templates.map(({ path }) => path).join(' ')}</code>
        </p>
      )}
      {refusals.length > 0 && (
        <Notice state="bad" title={t('refused')}>
          <ul className={css.plain}>
            {refusals.map((refusal) => (
              <li key={refusal}>{refusal}</li>
            ))}
          </ul>
        </Notice>
      )}
      {foreign.length > 0 && (
        <Notice state="attention" title={t('foreign')}>
          <ul className={css.plain}>
            {foreign.map(({ path, owner, command }) => (
              <li key={path}>
                <code>{path}</code> {owner} {command !== undefined && <code>{command}</code>}
              </li>
            ))}
          </ul>
        </Notice>
      )}
      {obsolete.length > 0 && (
        <Notice state="attention" title={t('obsolete')}>
          <code>{obsolete.map(({ path }) => path).join(' ')}</code>
        </Notice>
      )}
      {faults.length === 0 && (
        <div>
          <h3>{t('steps')}</h3>
          {steps.length === 0 ? <p className={css.soft}>{t('noSteps')}</p> : <Steps label={t('steps')} steps={steps} />}
        </div>
      )}
    </div>
  );
}
