import { createTheme, type MantineColorsTuple } from '@mantine/core';

/** The accent; shades 6 (light) and 4 (dark) carry text of contrast AA. */
const accent: MantineColorsTuple = [
  '#e8f0fd',
  '#d0e0fa',
  '#a6c6f7',
  '#7cacf8',
  '#5590ee',
  '#3576e0',
  '#1d5fd0',
  '#1850b1',
  '#143f8c',
  '#102f68',
];

/** Mantine's own `dark`, moved to the neutral palette of globals.css. */
const dark: MantineColorsTuple = [
  '#e7eaef',
  '#b0b8c4',
  '#8f99a8',
  '#5d6776',
  '#3a424e',
  '#2b323c',
  '#1f252e',
  '#171b22',
  '#101318',
  '#0b0e12',
];

const families =
  '-apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif';

export const theme = createTheme({
  primaryColor: 'accent',
  primaryShade: { light: 6, dark: 6 },
  colors: { accent, dark },
  fontFamily: families,
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Code", "JetBrains Mono", Menlo, Consolas, "Liberation Mono", monospace',
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '20px' },
  lineHeights: { xs: '16px', sm: '20px', md: '20px', lg: '24px', xl: '28px' },
  defaultRadius: 4,
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    // Every field of our forms is wanted; a star on each says nothing.
    TextInput: { defaultProps: { withAsterisk: false } },
    PasswordInput: { defaultProps: { withAsterisk: false } },
    Modal: { styles: { title: { fontSize: 15, fontWeight: 600 } } },
    SegmentedControl: {
      defaultProps: { withItemsBorders: false },
      styles: { root: { background: 'var(--surface-sunken)', boxShadow: 'inset 0 0 0 1px var(--line)' } },
    },
  },
});
