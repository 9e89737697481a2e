export default {
  build: { sourcemap: true, rollupOptions: { output: { entryFileNames: 'assets/menu.js' } } },
}
