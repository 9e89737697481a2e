import m from 'mithril'
m.mount(document.body, { view: () => m('h1', 'Brochure of ' + new Date(0).getFullYear()) })
