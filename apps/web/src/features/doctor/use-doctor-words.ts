'use client';
import type { DoctorCheck, DoctorText } from '@bulkhead/model';
import { doctorTitle, tellDoctor } from '@bulkhead/model/doctor-text';
import { useLocale } from 'next-intl';
import { useMemo } from 'react';

const capitalised = (word: string): string => word.slice(0, 1).toUpperCase() + word.slice(1);

/** The doctor's words in the reader's language. */
export function useDoctorWords() {
  const locale = useLocale();
  return useMemo(
    () => ({
      title: (check: DoctorCheck) => doctorTitle(check, locale),
      tell: (text: DoctorText) => tellDoctor(text, locale),
      /** By itself, not within a line as on the command line. */
      state: (state: DoctorCheck['state']) => capitalised(tellDoctor({ code: `state.${state}` }, locale)),
      group: (group: DoctorCheck['group']) => tellDoctor({ code: `group.${group}` }, locale),
    }),
    [locale],
  );
}
