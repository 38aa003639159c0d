import css from './use-bar.module.css';

interface Props {
  used: number;
  limit: number;
  label: string;
  tone?: 'cpu' | 'memory' | 'io';
  /** A softer bound before the limit, marked on the track. */
  reserved?: number | undefined;
  /** The track's end is no limit but something to compare with: a full bar is no cause for alarm. */
  plain?: boolean;
}

/** Use against its limit as one bar; the end of the track is the limit. Without a limit there is no share to draw. */
export function UseBar({ used, limit, label, tone = 'cpu', plain = false, reserved }: Props) {
  const share = limit > 0 ? Math.min(1, used / limit) : 0;
  // At its quota a program waits; at its memory limit it is killed.
  const level = plain ? 'plain' : share >= 0.95 && tone === 'memory' ? 'bad' : share >= 0.9 ? 'attention' : 'good';
  return (
    // biome-ignore lint/a11y/useSemanticElements: no browser lets the parts of <meter> be drawn alike
    <span
      className={css.track}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={limit}
      aria-valuenow={Math.min(used, limit)}
      data-tone={tone}
      data-level={level}
    >
      <span className={css.fill} style={{ width: `${share * 100}%` }} />
      {reserved !== undefined && limit > 0 && reserved < limit && (
        <span className={css.reserved} style={{ left: `${(reserved / limit) * 100}%` }} />
      )}
    </span>
  );
}
