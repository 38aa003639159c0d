'use client';
import { useQuery } from '@tanstack/react-query';
import { useTRPC } from '../../lib/api.ts';

const refreshMsec = 30_000;

/** What the host has and lacks, asked for again now and then while somebody looks. */
export function useDoctor(enabled = true) {
  const trpc = useTRPC();
  return useQuery({ ...trpc.host.doctor.queryOptions({}), enabled, refetchInterval: refreshMsec, retry: false });
}
