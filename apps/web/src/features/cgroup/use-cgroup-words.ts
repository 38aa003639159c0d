'use client';
import type { ToldText } from '@bulkhead/model';
import { tellCgroup } from '@bulkhead/model/cgroup-text';
import { useLocale } from 'next-intl';
import { useMemo } from 'react';
import type { Trouble } from '../../lib/api.ts';

/** What the agent says of cgroups, in the reader's language; its own English where it tells no code. */
export function useCgroupWords() {
  const locale = useLocale();
  return useMemo(() => {
    const tell = (text: string, told: ToldText | undefined): string => (told === undefined ? text : tellCgroup(told, locale));
    return {
      tell,
      /** Sentences with their codes, in the same order. */
      tellAll: (texts: readonly string[], told: readonly ToldText[] | undefined): string[] =>
        texts.map((text, index) => tell(text, told?.[index])),
      trouble: (trouble: Trouble): Trouble => {
        const { message, remedy, told } = trouble;
        if (told === undefined) return trouble;
        return { ...trouble, message: tell(message, told.what), remedy: remedy === undefined ? undefined : tell(remedy, told.remedy) };
      },
    };
  }, [locale]);
}
