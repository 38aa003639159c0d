'use client';
import type { CgroupConfigPreview } from '@bulkhead/model';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTRPCClient } from '../../../lib/api.ts';
import type { ConfigDraft } from './draft.ts';

/** After the last key. */
const pauseMsec = 250;

/**
 * What a text would do, asked for a moment after it was typed.
 *
 * @param revision counts what was applied or removed meanwhile: what a text would do is then another thing
 */
export function usePreview(
  draft: ConfigDraft,
  revision: number,
): { preview: CgroupConfigPreview | undefined; error: Error | null; isBehind: boolean } {
  const client = useTRPCClient();
  const [settled, setSettled] = useState(draft);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(draft), pauseMsec);
    return () => clearTimeout(timer);
  }, [draft]);
  const isEmpty = settled.text.trim() === '';
  const { data, error, isFetching } = useQuery({
    queryKey: ['cgconfig.preview', settled.name, settled.text, revision],
    // A mutation to the server, so that no file stands in an address; it changes nothing.
    queryFn: ({ signal }) => client.cgroup.previewConfig.mutate({ name: settled.name, text: settled.text }, { signal }),
    enabled: !isEmpty && settled.name !== '',
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: 0,
    gcTime: 10_000,
  });
  return { preview: isEmpty ? undefined : data, error, isBehind: isFetching || settled !== draft };
}
