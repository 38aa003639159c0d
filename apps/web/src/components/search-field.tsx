'use client';
import { TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';

/**
 * A search whose text is kept in the page's address. The address changes a little after each key, so the field holds
 * what is typed itself and follows the address only where something else changed it (the back button, a link).
 */
export function SearchField({
  value,
  label,
  className,
  maxLength = 200,
  onSearch,
}: {
  value: string;
  label: string;
  className?: string | undefined;
  maxLength?: number;
  onSearch(text: string): void;
}) {
  const [text, setText] = useState(value);
  const sent = useRef(value);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (value === sent.current) return;
    sent.current = value;
    setText(value);
  }, [value]);
  const search = (next: string) => {
    setText(next);
    sent.current = next;
    onSearch(next);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.key !== 'Escape') return;
    search('');
    field.current?.blur();
  };
  return (
    <TextInput
      ref={field}
      {...(className === undefined ? {} : { className })}
      type="search"
      size="xs"
      aria-label={label}
      placeholder={label}
      maxLength={maxLength}
      leftSection={<IconSearch size={14} aria-hidden="true" />}
      value={text}
      onChange={(event) => search(event.currentTarget.value)}
      onKeyDown={onKeyDown}
    />
  );
}
