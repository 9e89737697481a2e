import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'

test('makes a slug', () => {
  expect(execFileSync('src/cli.js', ['Ä b!'], { encoding: 'utf8' })).toBe('a-b\n')
})
