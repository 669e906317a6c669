from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("privacy", "0004_restriction"),
    ]

    operations = [
        migrations.AlterField(
            model_name="auditentry",
            name="action",
            field=models.CharField(
                choices=[
                    ("unmask", "查看完整信息"),
                    ("add", "新增"),
                    ("change", "修改"),
                    ("delete", "删除"),
                    ("decide", "审核"),
                    ("gate", "门禁操作"),
                    ("import", "导入"),
                    ("sign_in", "登录"),
                    ("glass", "紧急查看"),
                    ("export", "导出"),
                    ("disclose", "依法提供"),
                    ("incident", "安全事件"),
                ],
                max_length=10,
                verbose_name="操作",
            ),
        ),
    ]
