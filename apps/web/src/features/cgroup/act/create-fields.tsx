'use client';
import type { CgroupController } from '@bulkhead/model';
import { Checkbox, TextInput } from '@mantine/core';
import { useTranslations } from 'next-intl';
import css from './act.module.css';
import { childPath } from './actions.ts';
import type { ControllerChoice } from './controller-choices.ts';

/** Name of a new group, and what it is to have. */
export function CreateFields({
  parent,
  name,
  onName,
  choices,
  chosen,
  onControllers,
}: {
  parent: string;
  name: string;
  onName(name: string): void;
  choices: readonly ControllerChoice[];
  chosen: readonly CgroupController[];
  onControllers(controllers: CgroupController[]): void;
}) {
  const t = useTranslations('cgroupAct.create');
  const isWrong = name !== '' && childPath(parent, name) === undefined;
  return (
    <>
      <TextInput
        label={t('name')}
        description={t('nameWhat')}
        value={name}
        onChange={(event) => onName(event.currentTarget.value)}
        error={isWrong ? t('nameWrong') : undefined}
        autoComplete="off"
        spellCheck={false}
        data-autofocus
      />
      {choices.length > 0 && (
        <fieldset className={css.choices}>
          <legend>{t('controllers')}</legend>
          <div className={css.checks}>
            {choices.map(({ controller, version }) => (
              <Checkbox
                key={controller}
                size="xs"
                label={`${controller} (v${version})`}
                checked={chosen.includes(controller)}
                onChange={(event) =>
                  onControllers(event.currentTarget.checked ? [...chosen, controller] : chosen.filter((each) => each !== controller))
                }
              />
            ))}
          </div>
        </fieldset>
      )}
    </>
  );
}
