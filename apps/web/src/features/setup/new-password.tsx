import { PasswordInput } from '@mantine/core';
import { useTranslations } from 'next-intl';

const shortestLength = 12;

/** Why a new password is not taken; undefined where it is. */
export type PasswordFault = 'short' | 'different';

/** Looks at the two fields of a form that holds `NewPassword`. */
export function checkNewPassword(form: FormData): PasswordFault | undefined {
  const password = String(form.get('password'));
  if (password.length < shortestLength) return 'short';
  return password === String(form.get('repeat')) ? undefined : 'different';
}

/** A new password, twice. */
export function NewPassword({ fault, autoFocus = false }: { fault: PasswordFault | undefined; autoFocus?: boolean }) {
  const t = useTranslations('setup');
  return (
    <>
      <PasswordInput
        name="password"
        label={t('password')}
        description={fault === 'short' ? undefined : t('passwordRule', { count: shortestLength })}
        aria-invalid={fault === 'short'}
        autoComplete="new-password"
        maxLength={128}
        required
        autoFocus={autoFocus}
        error={fault === 'short' ? t('passwordRule', { count: shortestLength }) : undefined}
        visibilityToggleButtonProps={{ 'aria-label': t('showPassword') }}
      />
      <PasswordInput
        name="repeat"
        label={t('repeat')}
        autoComplete="new-password"
        maxLength={128}
        required
        aria-invalid={fault === 'different'}
        error={fault === 'different' ? t('different') : undefined}
        visibilityToggleButtonProps={{ 'aria-label': t('showPassword') }}
      />
    </>
  );
}
