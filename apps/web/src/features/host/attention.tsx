'use client';
import { useTranslations } from 'next-intl';
import { Link } from '../../components/link.tsx';
import { Section } from '../../components/page-head.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import { bySeverity, needsAttention } from '../doctor/findings.ts';
import { useDoctor } from '../doctor/use-doctor.ts';
import { useDoctorWords } from '../doctor/use-doctor-words.ts';
import css from './overview.module.css';

const shown = 4;

/** What the doctor found that somebody should look at; nothing where all is well. */
export function Attention({ warnings }: { warnings: readonly string[] }) {
  const t = useTranslations('overview.attention');
  const words = useDoctorWords();
  const { data, error } = useDoctor();
  // Where the doctor does not answer, what the agent said of its host is better than nothing.
  if (data === undefined) {
    if (error === null || warnings.length === 0) return null;
    return (
      <Section title={t('title')}>
        <ul className={css.findings}>
          {warnings.map((warning) => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      </Section>
    );
  }
  const findings = data.checks.filter(needsAttention).sort(bySeverity);
  if (findings.length === 0) return null;
  return (
    <Section
      title={t('title')}
      aside={
        <Link className={css.more} href="/health">
          {t('all', { count: findings.length })}
        </Link>
      }
    >
      <ul className={css.findings}>
        {findings.slice(0, shown).map((check) => (
          <li key={check.id} data-finding={check.id}>
            <Link className={css.finding} href={`/health#${check.id}`}>
              <StateMark state={check.state}>
                {words.title(check)}
                <span className="visually-hidden"> ({words.state(check.state)})</span>
              </StateMark>
              <span className={css.found}>
                {words.tell(check.found)}
                {check.cost !== undefined && ` · ${words.tell(check.cost)}`}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </Section>
  );
}
