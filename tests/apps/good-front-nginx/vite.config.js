export default {
  build: { rollupOptions: { output: { entryFileNames: 'assets/menu.js' } } },
}
