/* feedcheck: prints the titles of the feed that it reads from a file. */
#include <libxml/parser.h>
#include <stdio.h>
#include <string.h>

static void titles(xmlNode *node)
{
    for (; node; node = node->next) {
        if (node->type == XML_ELEMENT_NODE && !xmlStrcmp(node->name, BAD_CAST "title"))
            printf("title: %s\n", xmlNodeGetContent(node));
        titles(node->children);
    }
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "--version")) {
        puts(PACKAGE_STRING);
        return 0;
    }
    xmlDoc *feed = argc == 2 ? xmlReadFile(argv[1], NULL, XML_PARSE_NONET) : NULL;
    if (!feed) {
        fprintf(stderr, "usage: feedcheck FILE\n");
        return 64;
    }
    titles(xmlDocGetRootElement(feed));
    return 0;
}
