import { h, render } from 'preact'

const dishes = ['Soup', 'Dumplings', 'Plums']
render(h('ul', null, dishes.map((dish) => h('li', null, dish))), document.getElementById('app'))
