#!/usr/bin/env node
import { program } from 'commander'
import slugify from 'slugify'

program
  .name('slugs')
  .version('1.1.0')
  .argument('[words...]')
  .action((words) => console.log(slugify(words.join(' '), { lower: true, strict: true })))
program.parse()
