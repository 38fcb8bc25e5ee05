from django.core.management import BaseCommand

from shop.models import Post


class Command(BaseCommand):
    help = "Create a post and list all of them."

    def handle(self, *args: object, **options: object) -> None:
        Post.objects.create(title="Hello from Django")
        for post in Post.objects.all():
            self.stdout.write(post.title)
