'use client';
import type { CgroupConfigNote } from '@bulkhead/model';
import { useTranslations } from 'next-intl';
import css from './config.module.css';

/** What a person should know, with the lines it is about; the same of several lines stands once. */
export function ConfigNotes({ notes }: { notes: readonly CgroupConfigNote[] }) {
  const t = useTranslations('cgconfig');
  if (notes.length === 0) return null;
  const byText = new Map<string, { code: string; lines: Set<number> }>();
  for (const { code, params, line } of notes) {
    const text = t(`note.${code}`, params);
    const known = byText.get(text);
    if (known === undefined) byText.set(text, { code, lines: new Set([line]) });
    else known.lines.add(line);
  }
  return (
    <ul className={css.notes}>
      {[...byText].map(([text, { code, lines }]) => (
        <li key={text} data-note={code}>
          <span className={css.lineNumber}>{t('lines', { count: lines.size, lines: [...lines].join(', ') })}</span> {text}
        </li>
      ))}
    </ul>
  );
}
