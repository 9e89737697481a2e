document.title = ['thumbs', 'up'].join(' ')
