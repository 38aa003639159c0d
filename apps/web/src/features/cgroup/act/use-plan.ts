'use client';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTRPC } from '../../../lib/api.ts';
import type { PlanAsked } from './asked.ts';

/** After the last key. */
const pauseMsec = 250;

/** The dry run of a deed, asked for a moment after something was typed. */
export function usePlan(asked: PlanAsked | undefined) {
  const trpc = useTRPC();
  const text = asked === undefined ? '' : JSON.stringify(asked);
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    if (text === settled) return;
    const timer = setTimeout(() => setSettled(text), pauseMsec);
    return () => clearTimeout(timer);
  }, [text, settled]);
  const input: PlanAsked = settled === '' ? { path: '/', verb: 'thaw' } : (JSON.parse(settled) as PlanAsked);
  const query = useQuery({
    ...trpc.cgroup.plan.queryOptions(input),
    enabled: settled !== '' && text !== '',
    retry: false,
    staleTime: 0,
    gcTime: 0,
  });
  const isCurrent = settled === text && text !== '';
  return {
    preview: isCurrent && !query.isFetching ? query.data : undefined,
    error: isCurrent ? query.error : null,
    isAsking: text !== '' && (!isCurrent || query.isFetching),
    refetch: query.refetch,
  };
}
