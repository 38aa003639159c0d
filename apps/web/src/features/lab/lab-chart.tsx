'use client';
import type { LabRun, LabUnit } from '@bulkhead/model';
import { useTranslations } from 'next-intl';
import { splitOf, toChart } from './chart-lines.ts';
import css from './lab-chart.module.css';
import { useLabFormat } from './use-lab-format.ts';

/** What a run measures, line by line, with what it may have as a broken one. */
export function LabChart({ run }: { run: LabRun }) {
  const t = useTranslations('labs');
  const format = useLabFormat();
  const { lines, top, endMsec } = toChart(run);
  const unit = run.series[0]?.unit as LabUnit;
  const shown = lines.map((line) => ({
    ...line,
    name: t(`series.${line.key}`),
    value: line.last === undefined ? undefined : format.quantity(unit, line.last),
  }));
  const phases = run.steps.filter((step) => step.type === 'phase');
  const words = shown.flatMap(({ name, value }) => (value === undefined ? [] : [`${name} ${value.text}`])).join(', ');
  return (
    <figure className={css.chart}>
      <div className={css.top} aria-hidden="true">
        {run.points.length > 0 && format.quantity(unit, top).text}
      </div>
      <svg
        className={css.lines}
        viewBox="0 0 1000 1000"
        preserveAspectRatio="none"
        role="img"
        aria-label={`${t('chart', { lab: t(`kind.${run.lab}`) })}: ${words || t('waiting')}`}
      >
        {phases.slice(1).map(({ atMsec, phase }) => (
          <line key={phase} className={css.phaseLine} x1={(atMsec / endMsec) * 1000} x2={(atMsec / endMsec) * 1000} y1={0} y2={1000} />
        ))}
        {lines.map(({ key, isLimit, pieces }, index) =>
          pieces.map((points) => (
            <polyline key={`${key} ${points.slice(0, 12)}`} className={css.line} data-line={isLimit ? 'limit' : index} points={points} />
          )),
        )}
      </svg>
      <ol className={css.phases} aria-hidden="true">
        {phases.map(({ atMsec, phase }, index) => {
          const end = phases[index + 1]?.atMsec ?? endMsec;
          return (
            <li key={phase} style={{ left: `${(atMsec / endMsec) * 100}%`, width: `${((end - atMsec) / endMsec) * 100}%` }}>
              {t(`phase.${phase}`)}
            </li>
          );
        })}
      </ol>
      <figcaption className={css.legend}>
        {shown.map(({ key, name, isLimit, value }, index) => (
          <span key={key} className={css.entry}>
            <svg className={css.swatch} viewBox="0 0 16 8" aria-hidden="true">
              <line className={css.line} data-line={isLimit ? 'limit' : index} x1={0} x2={16} y1={4} y2={4} />
            </svg>
            {name} <span className={css.value}>{value?.text ?? '–'}</span>
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

/** How two groups have shared a CPU so far. */
export function SplitBar({ run }: { run: LabRun }) {
  const t = useTranslations('labs');
  const format = useLabFormat();
  const split = splitOf(run.points);
  if (split === undefined) return null;
  const [less, more] = [format.quantity('percent', split.less).text, format.quantity('percent', split.more).text];
  return (
    <div className={css.split} role="img" aria-label={t('split', { less, more })}>
      <span className={css.less} style={{ width: `${split.less}%` }}>
        {less}
      </span>
      <span className={css.more}>{more}</span>
    </div>
  );
}
