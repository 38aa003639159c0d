'use client';
import type { CgroupConfigFault } from '@bulkhead/model';
import { useTranslations } from 'next-intl';
import { useRef } from 'react';
import css from './config.module.css';

const lineHeight = 20;
const [fewestLines, mostLines] = [10, 28];

/** Where a line and column of the text are, in units of a string. */
function offsetOf(text: string, { line, column }: { line: number; column: number }): number {
  let start = 0;
  for (let passed = 1; passed < line; passed += 1) start = text.indexOf('\n', start) + 1;
  return start + [...text.slice(start)].slice(0, column - 1).join('').length;
}

/** A text with the numbers of its lines, and below it what is wrong: the line, and a caret under the place. */
export function ConfigEditor({ text, faults, onText }: { text: string; faults: readonly CgroupConfigFault[]; onText(text: string): void }) {
  const t = useTranslations('cgconfig');
  const area = useRef<HTMLTextAreaElement>(null);
  const gutter = useRef<HTMLDivElement>(null);
  const lines = text.split('\n').length;
  const wrong = new Set(faults.map(({ line }) => line));
  const shown = Math.min(mostLines, Math.max(fewestLines, lines));
  const goTo = (fault: CgroupConfigFault) => {
    const element = area.current;
    if (element === null) return;
    const offset = offsetOf(text, fault);
    element.focus();
    element.setSelectionRange(offset, offset);
    element.scrollTop = Math.max(0, (fault.line - 3) * lineHeight);
  };
  return (
    <>
      <div className={css.editor} style={{ height: shown * lineHeight + 18 }}>
        <div ref={gutter} className={css.gutter} aria-hidden="true">
          {Array.from({ length: lines }, (_, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines are numbers
            <div key={index} data-wrong={wrong.has(index + 1)}>
              {index + 1}
            </div>
          ))}
        </div>
        <textarea
          ref={area}
          className={css.text}
          aria-label={t('import.text')}
          aria-invalid={faults.length > 0}
          {...(faults.length > 0 ? { 'aria-describedby': 'cgconfig-faults' } : {})}
          placeholder={t('import.placeholder')}
          value={text}
          wrap="off"
          spellCheck={false}
          autoComplete="off"
          autoCapitalize="off"
          onChange={(event) => onText(event.currentTarget.value)}
          onScroll={(event) => {
            if (gutter.current !== null) gutter.current.scrollTop = event.currentTarget.scrollTop;
          }}
        />
      </div>
      <div id="cgconfig-faults" aria-live="polite">
        {faults.map((fault) => (
          <div key={`${fault.line} ${fault.column} ${fault.message}`} className={css.fault} data-fault={`${fault.line}:${fault.column}`}>
            <button type="button" className={css.faultPlace} onClick={() => goTo(fault)}>
              {t('fault', { line: fault.line, column: fault.column })}
            </button>
            <p>{fault.message}</p>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and scrolling must work without a pointer */}
            <section className={css.excerpt} tabIndex={0} aria-label={t('faultLine', { line: fault.line })}>
              <pre>
                {fault.excerpt}
                {'\n'}
                <span className={css.caret}>{fault.caret}</span>
              </pre>
            </section>
          </div>
        ))}
      </div>
    </>
  );
}
