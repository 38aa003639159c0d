'use client';
import { Button, SegmentedControl } from '@mantine/core';
import { IconArrowBarToDown, IconDownload } from '@tabler/icons-react';
import { useTranslations } from 'next-intl';
import { useEffect, useRef, useState } from 'react';
import { Empty } from '../../../components/empty.tsx';
import { Notice } from '../../../components/notice.tsx';
import { TroubleNotice } from '../../../components/trouble-notice.tsx';
import { type Trouble, troubleOf, useTRPCClient } from '../../../lib/api.ts';
import { download } from '../../../lib/download.ts';
import { useConnection } from '../../live/live-provider.tsx';
import { useShown } from './container-frame.tsx';
import { LogBuffer, type LogLine } from './log-buffer.ts';
import css from './logs.module.css';

const tailLines = 2_000;

/** Output of the container as it comes. */
export function LogsTab() {
  const t = useTranslations('logs');
  const client = useTRPCClient();
  const { container, gone } = useShown();
  const { reachability } = useConnection();
  const reachable = reachability?.reachable === true;
  const [lines, setLines] = useState<readonly LogLine[]>([]);
  const [ready, setReady] = useState(false);
  const [ended, setEnded] = useState(false);
  const [trouble, setTrouble] = useState<Trouble>();
  const [stream, setStream] = useState<'all' | 'stdout' | 'stderr'>('all');
  const [following, setFollowing] = useState(true);
  const view = useRef<HTMLDivElement>(null);
  const { id } = container;

  useEffect(() => {
    if (gone || !reachable) return;
    const buffer = new LogBuffer(tailLines);
    let frame = 0;
    const draw = () => {
      frame = 0;
      setReady(true);
      setLines(buffer.lines());
    };
    const soon = () => {
      if (frame === 0) frame = requestAnimationFrame(draw);
    };
    setTrouble(undefined);
    setEnded(false);
    // An empty log says nothing for as long as it is empty.
    const silence = setTimeout(soon, 400);
    const subscription = client.container.logs.subscribe(
      { container: id, follow: true, tailLines },
      {
        onData: (item) => {
          if (item.type === 'exit') setEnded(true);
          else buffer.add(item);
          soon();
        },
        onError: (failure) => setTrouble(troubleOf(failure)),
        onComplete: () => setEnded(true),
      },
    );
    return () => {
      clearTimeout(silence);
      cancelAnimationFrame(frame);
      subscription.unsubscribe();
    };
  }, [client, id, gone, reachable]);

  const shown = stream === 'all' ? lines : lines.filter((line) => line.stream === stream);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new lines are the reason to scroll
  useEffect(() => {
    if (following && view.current !== null) view.current.scrollTop = view.current.scrollHeight;
  }, [shown, following]);

  const onScroll = () => {
    const element = view.current;
    if (element !== null) setFollowing(element.scrollHeight - element.scrollTop - element.clientHeight < 24);
  };

  if (gone) return <Empty title={t('gone.title')}>{t('gone.what')}</Empty>;
  return (
    <div className={css.logs}>
      <div className={css.bar}>
        <SegmentedControl
          size="xs"
          aria-label={t('stream.label')}
          value={stream}
          onChange={(value) => setStream(value as typeof stream)}
          data={(['all', 'stdout', 'stderr'] as const).map((value) => ({ value, label: t(`stream.${value}`) }))}
        />
        <span className={css.state} role="status">
          {ended ? t('ended') : t('live')}
        </span>
        <div className={css.actions}>
          {!following && (
            <Button
              size="compact-sm"
              variant="default"
              onClick={() => setFollowing(true)}
              leftSection={<IconArrowBarToDown size={14} aria-hidden="true" />}
            >
              {t('follow')}
            </Button>
          )}
          <Button
            size="compact-sm"
            variant="subtle"
            color="gray"
            disabled={shown.length === 0}
            onClick={() => download(`${container.name}.log`, 'text/plain', shown.map((line) => line.text).join('\n'))}
            leftSection={<IconDownload size={14} aria-hidden="true" />}
          >
            {t('save')}
          </Button>
        </div>
      </div>
      {trouble && <TroubleNotice trouble={trouble} />}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and scrolling must work without a pointer */}
      <div ref={view} className={css.view} onScroll={onScroll} tabIndex={0} role="log" aria-label={t('label')} aria-live="off">
        {shown.map((line) =>
          line.dropped === undefined ? (
            <div key={line.number} className={css.line} data-stream={line.stream}>
              {line.text === '' ? ' ' : line.text}
            </div>
          ) : (
            <Notice key={line.number} state="attention" title={t('dropped', { bytes: line.dropped })} />
          ),
        )}
        {ready && shown.length === 0 && <p className={css.nothing}>{ended ? t('nothingEnded') : t('nothing')}</p>}
      </div>
    </div>
  );
}
