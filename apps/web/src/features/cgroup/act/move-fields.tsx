'use client';
import { Autocomplete, Textarea } from '@mantine/core';
import { useTranslations } from 'next-intl';
import { useMemo } from 'react';
import { useTree } from '../use-tree.ts';
import { parsePids } from './actions.ts';

const mostShown = 8;

/** Which processes go where. */
export function MoveFields({
  from,
  target,
  onTarget,
  pids,
  onPids,
}: {
  from: string;
  target: string;
  onTarget(path: string): void;
  pids: string;
  onPids(text: string): void;
}) {
  const t = useTranslations('cgroupAct.move');
  const { cgroups } = useTree();
  const paths = useMemo(() => [...(cgroups?.keys() ?? [])].filter((path) => path !== from), [cgroups, from]);
  const isUnknown = target !== '' && cgroups !== undefined && !cgroups.has(target);
  const parsed = parsePids(pids);
  return (
    <>
      <Autocomplete
        label={t('target')}
        description={t('targetWhat')}
        data={paths}
        limit={mostShown}
        value={target}
        onChange={onTarget}
        error={target === from ? t('same') : isUnknown ? t('unknown') : undefined}
        spellCheck={false}
        data-autofocus
        comboboxProps={{ withinPortal: true }}
      />
      <Textarea
        label={t('pids')}
        description={parsed === undefined ? undefined : t('pidsCount', { count: parsed.length })}
        value={pids}
        onChange={(event) => onPids(event.currentTarget.value)}
        error={parsed === undefined ? t('pidsWrong') : undefined}
        autosize
        minRows={1}
        maxRows={4}
        spellCheck={false}
      />
    </>
  );
}
